select * from (values
  (2, 'Bo & Sons'),
  (3, 'Cy Ltd')
) as t(number, name)
