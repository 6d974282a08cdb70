with numbered as (
    select
        *,
        row_number() over (
            partition by reader_text, location_text, age_text order by reader_text
        ) as copy
    from {{ ref('stg_readers') }}
),

judged as (
    select
        *,
        case
            when copy > 1 then 'equal_row'
            when reader_id is null then 'not_a_reader'
        end as own_reason
    from numbered
),

ranked as (
    select
        *,
        row_number() over (
            partition by reader_id, case when own_reason is null then 1 else 0 end
            order by {{ by_bytes('location_text') }}, {{ by_bytes('age_text') }}, {{ by_bytes('reader_text') }}
        ) as place
    from judged
)

select
    reader_text,
    location_text,
    age_text,
    reader_id,
    age,
    city,
    region,
    country,
    coalesce(own_reason, case when place > 1 then 'same_reader' end) as reason
from ranked
