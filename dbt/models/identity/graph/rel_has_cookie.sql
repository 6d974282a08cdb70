select
    session_id,
    cookie_id,
    last_action,
    session_duration_sec
from {{ ref('cookies_checked') }}
where reason is null
order by {{ by_bytes('cookie_id') }}, {{ by_bytes('session_id') }}
