select distinct country
from {{ ref('node_city') }}
order by {{ by_bytes('country') }}
