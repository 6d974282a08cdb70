with source as (
    {{ union_customers('assets_details', {
        'asset_key': 'varchar',
        'kind': 'varchar',
        'title': 'varchar',
        'language': 'varchar',
        'size_bytes': 'bigint',
        'duration_seconds': 'integer',
        'rating': 'decimal(3, 2)',
        'tags': type_list('varchar'),
        'is_downloadable': 'boolean',
        'created_at': type_instant(),
    }) }}
),

renamed as (
    select
        customer,
        {{ customer_key('asset_key') }} as asset_key,
        kind,
        title,
        language,
        size_bytes,
        duration_seconds,
        rating,
        tags,
        is_downloadable,
        created_at
    from source
)

select * from renamed
