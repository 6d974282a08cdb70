{% set raw = ['isbn_text', 'title_text', 'author_text', 'year_text', 'publisher_text',
              'small_image_url', 'image_url', 'large_image_url'] %}

with numbered as (
    select
        *,
        row_number() over (partition by {{ raw | join(', ') }} order by isbn_text) as copy
    from {{ ref('stg_books') }}
),

judged as (
    select
        *,
        case
            when copy > 1 then 'equal_row'
            when year_text is null or not (year_text ~ '^[0-9]{1,4}$') then 'shifted_columns'
            when isbn is null then 'not_an_isbn'
            when title is null then 'no_title'
        end as own_reason
    from numbered
),

-- Of several rows for one ISBN the one counts that spells it as it should be.
ranked as (
    select
        *,
        row_number() over (
            partition by isbn, case when own_reason is null then 1 else 0 end
            order by
                case when isbn_text = isbn then 0 else 1 end
                {%- for column in raw %},
                {{ by_bytes(column) }}
                {%- endfor %}
        ) as place
    from judged
)

select
    {{ raw | join(',\n    ') }},
    isbn,
    title,
    author,
    publisher,
    coalesce(own_reason, case when place > 1 then 'same_isbn' end) as reason
from ranked
