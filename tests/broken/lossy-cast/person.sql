select * from (values
  (1, '7'),
  (2, '007'),
  (3, 'seven'),
  (4, '9223372036854775808')
) as t(id, number)
