select
    reader_id,
    case
        when age between {{ var('books_ages').low }} and {{ var('books_ages').high }} then age
    end as age,
    age_text,
    city,
    region,
    country,
    {{ place_key('country', 'region', 'city') }} as place_key
from {{ ref('readers_checked') }}
where reason is null
