select distinct
    postcode,
    country
from {{ ref('node_address') }}
order by {{ by_bytes('country') }}, {{ by_bytes('postcode') }}
