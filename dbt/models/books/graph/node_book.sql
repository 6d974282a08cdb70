-- Built with the graph, so that what is not in it can be looked up.
-- depends_on: {{ ref('books_rejected') }}
with counts as (
    select
        isbn,
        count(rating) as ratings,
        count(*) - count(rating) as interactions,
        -- Doubles, which all engines divide alike.
        cast(sum(rating) as double precision) / nullif(cast(count(rating) as double precision), 0) as mean_rating
    from {{ ref('ratings') }}
    group by isbn
)

select
    books.isbn,
    books.title,
    books.year,
    books.image_url,
    coalesce(counts.ratings, 0) as ratings,
    coalesce(counts.interactions, 0) as interactions,
    counts.mean_rating
from {{ ref('books') }} as books
left join counts
    on books.isbn = counts.isbn
order by {{ by_bytes('books.isbn') }}
