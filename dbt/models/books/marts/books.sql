with kept as (
    select
        *,
        -- The test repeats, because an engine may read the number before it filters.
        case when year_text ~ '^[0-9]{1,4}$' then cast(year_text as integer) end as any_year
    from {{ ref('books_checked') }}
    where reason is null
)

select
    isbn,
    title,
    author,
    {{ name_key('author') }} as author_key,
    publisher,
    {{ name_key('publisher') }} as publisher_key,
    case when any_year between 1450 and {{ var('books_last_year') }} then any_year end as year,
    year_text,
    image_url
from kept
