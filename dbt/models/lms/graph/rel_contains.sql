select
    course_key,
    asset_key,
    customer,
    position
from {{ ref('stg_course_assets') }}
order by course_key, position, asset_key
