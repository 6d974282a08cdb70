select
    author_key,
    name,
    books
from {{ ref('authors') }}
order by {{ by_bytes('author_key') }}
