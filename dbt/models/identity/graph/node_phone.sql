-- Of all loads, as for e-mail addresses.
select distinct phone_number
from {{ ref('users_checked') }}
where phone_number is not null
order by {{ by_bytes('phone_number') }}
