select distinct
    city,
    country
from {{ ref('node_address') }}
order by {{ by_bytes('country') }}, {{ by_bytes('city') }}
