select
    place_key,
    kind,
    name
from {{ ref('places') }}
order by {{ by_bytes('place_key') }}
