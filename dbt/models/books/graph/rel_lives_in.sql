select
    reader_id,
    place_key
from {{ ref('readers') }}
where place_key is not null
order by reader_id
