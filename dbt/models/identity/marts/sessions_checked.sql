{{ newest(
    ref('stg_clickstream'),
    ['session_id'],
    ['client_ip', 'client_platform', 'canonical_url', 'domain_name', 'app_id', 'device_id', 'user_name', 'events', 'started_at', 'ended_at', 'start_event', 'end_event', 'session_duration_sec', 'user_agent']
) }}
