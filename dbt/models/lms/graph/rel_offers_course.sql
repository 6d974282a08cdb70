select
    customer as customer_key,
    course_key,
    customer
from {{ ref('stg_courses') }}
order by course_key
