with source as (
    {{ union_customers('courses_details', {
        'course_key': 'varchar',
        'title': 'varchar',
        'category': 'varchar',
        'level': 'varchar',
        'language': 'varchar',
        'duration_minutes': 'integer',
        'price': 'decimal(10, 2)',
        'is_published': 'boolean',
        'tags': type_list('varchar'),
        'created_at': type_instant(),
        'published_on': 'date',
    }) }}
),

renamed as (
    select
        customer,
        {{ customer_key('course_key') }} as course_key,
        title,
        category,
        level,
        language,
        duration_minutes,
        price,
        is_published,
        tags,
        created_at,
        published_on
    from source
)

select * from renamed
