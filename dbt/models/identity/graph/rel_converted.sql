select
    cookie_id,
    conversion_id
from {{ ref('conversions') }}
order by {{ by_bytes('cookie_id') }}, {{ by_bytes('conversion_id') }}
