with source as (
    {{ union_customers('courses_history', {
        'user_key': 'varchar',
        'course_key': 'varchar',
        'session_key': 'varchar',
        'event_at': type_instant(),
        'status': 'varchar',
        'progress': 'double',
        'score': 'decimal(5, 2)',
    }) }}
),

renamed as (
    select
        customer,
        {{ customer_key('user_key') }} as user_key,
        {{ customer_key('course_key') }} as course_key,
        session_key,
        event_at,
        status,
        progress,
        score
    from source
)

select * from renamed
