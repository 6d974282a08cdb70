select distinct conversion_id
from {{ ref('conversions') }}
order by {{ by_bytes('conversion_id') }}
