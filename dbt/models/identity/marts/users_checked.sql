{{ newest(
    ref('stg_first_party'),
    ['user_name'],
    ['email', 'external_id', 'phone_number', 'street_address', 'postcode', 'city', 'country', 'birthday', 'loyalty_points', 'loyalty_level']
) }}
