select
    city,
    country
from {{ ref('node_address') }}
group by city, country
order by {{ by_bytes('country') }}, {{ by_bytes('city') }}
