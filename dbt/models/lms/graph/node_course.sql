select
    course_key,
    customer,
    title,
    category,
    level,
    language,
    duration_minutes,
    price,
    is_published,
    tags,
    created_at,
    published_on
from {{ ref('stg_courses') }}
order by course_key
