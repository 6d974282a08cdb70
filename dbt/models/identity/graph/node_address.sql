select
    street_address,
    postcode,
    city,
    country
from {{ ref('users_checked') }}
where
    reason is null
    and street_address is not null
    and postcode is not null
    and city is not null
    and country is not null
group by street_address, postcode, city, country
order by
    {{ by_bytes('country') }},
    {{ by_bytes('city') }},
    {{ by_bytes('postcode') }},
    {{ by_bytes('street_address') }}
