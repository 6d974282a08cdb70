-- Of all loads, as for e-mail addresses.
with known as (
    select external_id from {{ ref('users_checked') }}
    union
    select external_id from {{ ref('purchases') }}
)

select external_id
from known
where external_id is not null
order by {{ by_bytes('external_id') }}
