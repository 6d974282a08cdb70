select
    user_name,
    external_id,
    max(case when reason is null then 1 else 0 end) = 1 as is_current
from {{ ref('users_checked') }}
where user_name is not null and external_id is not null
group by user_name, external_id
order by {{ by_bytes('user_name') }}, {{ by_bytes('external_id') }}
