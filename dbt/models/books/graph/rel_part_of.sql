select
    place_key,
    parent_key
from {{ ref('places') }}
where parent_key is not null
order by {{ by_bytes('place_key') }}
