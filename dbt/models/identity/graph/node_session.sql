select
    session_id,
    client_platform,
    app_id,
    events,
    started_at,
    ended_at,
    start_event,
    end_event,
    session_duration_sec,
    user_name,
    client_ip,
    device_id,
    user_agent,
    canonical_url
from {{ ref('sessions_checked') }}
where reason is null
order by {{ by_bytes('session_id') }}
