select
    author_key,
    isbn
from {{ ref('books') }}
where author_key is not null
order by {{ by_bytes('isbn') }}
