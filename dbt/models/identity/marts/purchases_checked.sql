{{ newest(
    ref('stg_transactional'),
    ['purchase_id'],
    ['product_name', 'purchased_date', 'product_category', 'customer_id', 'reward_points']
) }}
