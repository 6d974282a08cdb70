with homes as (
    select distinct country, region, city
    from {{ ref('readers') }}
),

-- A city is a place, and so are its region and its country.
levels as (
    select country, region, city from homes
    union
    select country, region, null from homes
    union
    select country, null, null from homes
)

select
    {{ place_key('country', 'region', 'city') }} as place_key,
    case
        when city is not null then 'city'
        when region is not null then 'region'
        else 'country'
    end as kind,
    coalesce(city, region, country) as name,
    case
        when city is not null then {{ place_key('country', 'region', 'null') }}
        when region is not null then {{ place_key('country', 'null', 'null') }}
    end as parent_key
from levels
where coalesce(city, region, country) is not null
