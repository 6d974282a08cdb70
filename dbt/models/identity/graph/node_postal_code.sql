select
    postcode,
    country
from {{ ref('node_address') }}
group by postcode, country
order by {{ by_bytes('country') }}, {{ by_bytes('postcode') }}
