select
    {{ load_of_row() }} as load,
    {{ text_of('cookie_id') }} as cookie_id,
    {{ text_of('session_id') }} as session_id,
    {{ text_of('last_action') }} as last_action,
    {{ text_of('user_name') }} as user_name,
    {{ text_of('conversion_id') }} as conversion_id,
    cast({{ as_text('session_duration_sec') }} as integer) as session_duration_sec
from {{ source('identity', 'cookie') }}
