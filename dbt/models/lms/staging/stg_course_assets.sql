with source as (
    {{ union_customers('courses_assets', {
        'course_key': 'varchar',
        'asset_key': 'varchar',
        'position': 'integer',
    }) }}
),

renamed as (
    select
        customer,
        {{ customer_key('course_key') }} as course_key,
        {{ customer_key('asset_key') }} as asset_key,
        position
    from source
)

select * from renamed
