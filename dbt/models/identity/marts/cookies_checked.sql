{{ newest(
    ref('stg_cookie'),
    ['cookie_id', 'session_id'],
    ['last_action', 'user_name', 'conversion_id', 'session_duration_sec']
) }}
