select
    reader_id,
    age
from {{ ref('readers') }}
order by reader_id
