with source as (
    select
        {{ raw_column('ISBN') }} as isbn_text,
        {{ raw_column('Book-Title') }} as title_text,
        {{ raw_column('Book-Author') }} as author_text,
        {{ raw_column('Year-Of-Publication') }} as year_text,
        {{ raw_column('Publisher') }} as publisher_text,
        {{ raw_column('Image-URL-S') }} as small_image_url,
        {{ raw_column('Image-URL-M') }} as image_url,
        {{ raw_column('Image-URL-L') }} as large_image_url
    from {{ source('books', 'books') }}
),

stripped as (
    select
        *,
        {{ isbn_stripped('isbn_text') }} as isbn_characters
    from source
)

select
    isbn_text,
    title_text,
    author_text,
    year_text,
    publisher_text,
    small_image_url,
    image_url,
    large_image_url,
    {{ isbn_of_stripped('isbn_characters') }} as isbn,
    {{ tidy(unescaped('title_text')) }} as title,
    {{ tidy(unescaped('author_text')) }} as author,
    {{ tidy(unescaped('publisher_text')) }} as publisher
from stripped
