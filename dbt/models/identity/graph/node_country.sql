select country
from {{ ref('node_city') }}
group by country
order by {{ by_bytes('country') }}
