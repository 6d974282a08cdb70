select conversion_id
from {{ ref('conversions') }}
group by conversion_id
order by {{ by_bytes('conversion_id') }}
