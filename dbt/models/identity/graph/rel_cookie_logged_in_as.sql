select
    cookie_id,
    user_name
from {{ ref('cookies_checked') }}
where cookie_id is not null and user_name is not null
group by cookie_id, user_name
order by {{ by_bytes('cookie_id') }}, {{ by_bytes('user_name') }}
