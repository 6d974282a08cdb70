select
    user_key,
    customer,
    role,
    department,
    languages,
    skills,
    is_active,
    hired_on,
    created_at,
    last_login_at,
    {{ days_since('last_login_at') }} as recency_days
from {{ ref('stg_users') }}
order by user_key
