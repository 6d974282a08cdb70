with source as (
    {{ union_customers('users_details', {
        'user_key': 'varchar',
        'role': 'varchar',
        'department': 'varchar',
        'languages': type_list('varchar'),
        'skills': type_list('varchar'),
        'is_active': 'boolean',
        'hired_on': 'date',
        'created_at': type_instant(),
        'last_login_at': type_instant(),
    }) }}
),

renamed as (
    select
        customer,
        {{ customer_key('user_key') }} as user_key,
        role,
        department,
        languages,
        skills,
        is_active,
        hired_on,
        created_at,
        last_login_at
    from source
)

select * from renamed
