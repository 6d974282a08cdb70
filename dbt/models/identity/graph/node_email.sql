-- Of all loads: an address that a user had before is still known.
with known as (
    select email from {{ ref('users_checked') }}
    union
    select email from {{ ref('purchases') }}
)

select email
from known
where email is not null
order by {{ by_bytes('email') }}
