with source as (
    select
        {{ raw_column('User-ID') }} as reader_text,
        {{ raw_column('Location') }} as location_text,
        {{ raw_column('Age') }} as age_text
    from {{ source('books', 'users') }}
),

counted as (
    select
        *,
        length(location_text) - length(replace(location_text, ',', '')) + 1 as parts
    from source
),

-- "city, region, country"; what lies between the first and the last two parts is left out.
split as (
    select
        *,
        {{ place_name("split_part(location_text, ',', 1)") }} as city,
        case when parts >= 3 then {{ part_from_end('parts', 'location_text', 2) }} end as region,
        case when parts >= 2 then {{ part_from_end('parts', 'location_text', 1) }} end as country_text
    from counted
)

select
    split.reader_text,
    split.location_text,
    split.age_text,
    case when split.reader_text ~ '^[0-9]{1,9}$' then cast(split.reader_text as integer) end as reader_id,
    case
        when split.age_text ~ '^[0-9]{1,3}([.]0)?$'
            then cast(split_part(split.age_text, '.', 1) as integer)
    end as age,
    split.city,
    split.region,
    coalesce(spellings.country, split.country_text) as country
from split
left join {{ ref('country_spellings') }} as spellings
    on split.country_text = spellings.spelling
