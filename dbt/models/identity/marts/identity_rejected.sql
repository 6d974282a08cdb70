select
    'first_party' as data_set,
    load,
    reason,
    count(*) as number_of_rows
from {{ ref('users_checked') }}
where reason is not null
group by load, reason
union all
select
    'transactional' as data_set,
    load,
    reason,
    count(*) as number_of_rows
from {{ ref('purchases_checked') }}
where reason is not null
group by load, reason
union all
select
    'cookie' as data_set,
    load,
    reason,
    count(*) as number_of_rows
from {{ ref('cookies_checked') }}
where reason is not null
group by load, reason
union all
select
    'clickstream' as data_set,
    load,
    reason,
    count(*) as number_of_rows
from {{ ref('sessions_checked') }}
where reason is not null
group by load, reason
