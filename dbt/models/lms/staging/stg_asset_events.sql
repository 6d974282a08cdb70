with source as (
    {{ union_customers('assets_history', {
        'user_key': 'varchar',
        'asset_key': 'varchar',
        'session_key': 'varchar',
        'event_at': type_instant(),
        'action': 'varchar',
        'seconds': 'integer',
    }) }}
),

renamed as (
    select
        customer,
        {{ customer_key('user_key') }} as user_key,
        {{ customer_key('asset_key') }} as asset_key,
        session_key,
        event_at,
        action,
        seconds
    from source
)

select * from renamed
