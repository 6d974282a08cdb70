-- Of all loads, as for e-mail addresses.
select external_id
from {{ ref('users_checked') }}
where external_id is not null
union
select external_id
from {{ ref('purchases') }}
where external_id is not null
order by {{ by_bytes('external_id') }}
