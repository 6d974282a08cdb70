select loyalty_level
from {{ ref('users_checked') }}
where reason is null and loyalty_level is not null
group by loyalty_level
order by {{ by_bytes('loyalty_level') }}
