select
    publisher_key,
    isbn
from {{ ref('books') }}
where publisher_key is not null
order by {{ by_bytes('isbn') }}
