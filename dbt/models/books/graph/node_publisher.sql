select
    publisher_key,
    name,
    books
from {{ ref('publishers') }}
order by {{ by_bytes('publisher_key') }}
