-- Of all loads: an address that a user had before is still known.
select email
from {{ ref('users_checked') }}
where email is not null
union
select email
from {{ ref('purchases') }}
where email is not null
order by {{ by_bytes('email') }}
