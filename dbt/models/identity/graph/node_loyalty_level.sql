select distinct loyalty_level
from {{ ref('users_checked') }}
where reason is null and loyalty_level is not null
order by {{ by_bytes('loyalty_level') }}
