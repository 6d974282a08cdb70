-- Of all loads, as for e-mail addresses.
select phone_number
from {{ ref('users_checked') }}
where phone_number is not null
group by phone_number
order by {{ by_bytes('phone_number') }}
