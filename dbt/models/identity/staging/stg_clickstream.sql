select
    {{ load_of_row() }} as load,
    {{ text_of('session_id') }} as session_id,
    {{ text_of('client_ip') }} as client_ip,
    {{ text_of('client_platform') }} as client_platform,
    {{ text_of('canonical_url') }} as canonical_url,
    {{ text_of('domain_name') }} as domain_name,
    {{ text_of('app_id') }} as app_id,
    {{ text_of('device_id') }} as device_id,
    {{ text_of('user_name') }} as user_name,
    cast({{ as_text('events') }} as integer) as events,
    {{ instant_of(as_text('start_timestamp')) }} as started_at,
    {{ instant_of(as_text('end_timestamp')) }} as ended_at,
    {{ text_of('start_event') }} as start_event,
    {{ text_of('end_event') }} as end_event,
    cast({{ as_text('session_duration_sec') }} as integer) as session_duration_sec,
    {{ text_of('"user-agent"') }} as user_agent
from {{ source('identity', 'clickstream') }}
