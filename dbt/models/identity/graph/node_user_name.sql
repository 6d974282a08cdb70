select
    user_name,
    birthday,
    street_address,
    postcode,
    city,
    country,
    loyalty_level,
    loyalty_points
from {{ ref('users_checked') }}
where reason is null
order by {{ by_bytes('user_name') }}
